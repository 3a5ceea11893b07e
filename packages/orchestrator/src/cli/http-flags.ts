/** The options of the pages' server, the same for every command that starts one. */
import type { Command } from 'commander';

/** As commander gives it. */
export interface TokenFlag {
  readonly requireToken?: boolean;
}

export const addTokenFlag = (command: Command): Command =>
  command.option('--require-token', 'take only workers that bring a join token (`orchestrate token` makes them)');

/** @param http the help of `--http`, which says what it is there for */
export function addHttpFlags(command: Command, http: string): Command {
  return command
    .option('--http <address>', http)
    .option(
      '--announce <origin>',
      'the public origin of the pages, behind a proxy or a name: https://train.example.org',
    )
    .option('--tls-cert <file>', 'serve https and wss with this certificate (PEM, with its chain)')
    .option('--tls-key <file>', "the certificate's private key (PEM)")
    .option('--behind-proxy', 'a reverse proxy stands in front: count requests for the address that it names');
}
