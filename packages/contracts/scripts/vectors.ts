/**
 * Writes `vectors/vectors.json`: what the Solidity tests and the TypeScript tests both check themselves against, so that
 * the two languages agree to the byte. `--check` writes nothing and fails when the file is not what this makes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SigningKey, getBytes, getAddress, hexlify, id } from 'ethers';
import { address, hash, settlementTree, wei, type Address, type Earning } from '@murmuration/protocol';
import { identityOf, peerIdBytes } from '../src/identity.ts';
import { signStatement, statementDigest, type SigningDomain, type StatementName } from '../src/sign/typed-data.ts';

const folder = fileURLToPath(new URL('../vectors', import.meta.url));
const path = `${folder}/vectors.json`;

const addressNamed = (name: string): Address => address(getAddress(`0x${id(name).slice(-40)}`));

/** The first is the example key of libp2p's specification of peer ids. */
const secretKeys = [
  '0x53dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb',
  '0x0000000000000000000000000000000000000000000000000000000000000001',
  '0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140',
  id('murmuration vector'),
];

const identityVector = (secretKey: string) => {
  const { address: account, peerId, publicKey } = identityOf(getBytes(secretKey));
  return {
    secretKey,
    compressed: hexlify(publicKey),
    uncompressed: SigningKey.computePublicKey(publicKey, false),
    address: account,
    peerId,
    peerIdBytes: hexlify(peerIdBytes(peerId)),
  };
};

const scope = { chainId: 84_532, settlement: addressNamed('settlement'), jobId: hash(id('job')) };

const treeVector = (size: number) => {
  const earnings: Earning[] = Array.from({ length: size }, (_, i) => ({
    address: addressNamed(`worker ${i}`),
    cumulativeWei: wei(BigInt(i) ** 3n * 10n ** 18n + BigInt(i)),
  }));
  const tree = settlementTree(scope, earnings);
  return {
    size,
    workers: earnings.map((earning) => earning.address),
    cumulative: earnings.map(({ cumulativeWei }) => cumulativeWei.toString()),
    root: tree.root,
    total: tree.totalWei.toString(),
    proofs: earnings.map((earning) => tree.proof(earning.address)),
  };
};

const registryDomain: SigningDomain = { chainId: scope.chainId, contract: addressNamed('registry') };
const settlementDomain: SigningDomain = { chainId: scope.chainId, contract: scope.settlement };
const [worker, payout] = [addressNamed('worker 0'), addressNamed('payout')];
const epoch = { jobId: scope.jobId, epoch: 7, root: id('root'), total: 123_456_789n * 10n ** 12n };

const statementVector = (name: StatementName, domain: SigningDomain, values: Record<string, unknown>) => ({
  digest: statementDigest(name, domain, values),
  signature: signStatement(getBytes(secretKeys[0]!), name, domain, values),
});

const vectors = {
  chainId: scope.chainId,
  registry: registryDomain.contract,
  settlement: scope.settlement,
  jobId: scope.jobId,
  worker,
  payout,
  workers: [worker, addressNamed('worker 1')],
  epoch: epoch.epoch,
  root: epoch.root,
  total: epoch.total.toString(),
  identities: secretKeys.map(identityVector),
  trees: [1, 2, 3, 5, 8, 13].map(treeVector),
  statements: {
    Possession: statementVector('Possession', registryDomain, { worker, payout }),
    PayoutChange: statementVector('PayoutChange', registryDomain, {
      worker,
      payout,
      nonce: 3n,
      deadline: 2_000_000_000,
    }),
    Enrolment: statementVector('Enrolment', settlementDomain, {
      jobId: scope.jobId,
      workers: [worker, addressNamed('worker 1')],
    }),
    Epoch: statementVector('Epoch', settlementDomain, epoch),
    Attestation: statementVector('Attestation', settlementDomain, epoch),
    Close: statementVector('Close', settlementDomain, { jobId: scope.jobId, epochs: 8 }),
  },
};

const text = `${JSON.stringify(vectors, null, 2)}\n`;
const current = (): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

if (current() === text) process.stdout.write('vectors are up to date.\n');
else if (process.argv.includes('--check')) {
  process.stderr.write(
    `Stale: ${path}. Run \`npm run generate -w @murmuration/contracts\` and see whether the change is meant.\n`,
  );
  process.exitCode = 1;
} else {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, text);
  process.stdout.write('vectors written.\n');
}
