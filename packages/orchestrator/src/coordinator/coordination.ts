/** What a coordinator gives to members through the server of its pages. */
import { stat } from 'node:fs/promises';
import { PROTOCOL_VERSION } from '@murmuration/protocol';
import type { PeerId, RunId } from '@murmuration/protocol';
import { namedFiles, pathOfDataFile } from '@murmuration/protocol/data';
import type { HttpAddress } from '../http/address.ts';
import type { DataFileEntry } from '../http/data-files.ts';
import type { Coordination } from '../http/messages.ts';
import type { LoadedJob } from '../plan/load-job.ts';

export interface CoordinationParts {
  readonly loaded: LoadedJob;
  readonly runId: RunId;
  readonly peerId: PeerId;
  readonly stateBytes: number;
  readonly tokenRequired: boolean;
  /** The coordinator's listener for connections that came in by the pages' port. */
  readonly peers: HttpAddress | null;
}

/** The files of the job as they lie here. They were read when the job was loaded, by the same rules. */
async function dataFiles({ job, directory }: LoadedJob): Promise<DataFileEntry[]> {
  return Promise.all(
    namedFiles(job.data).map(async (file) => {
      const path = await pathOfDataFile(file, { directory, confined: false });
      return { sha256: file.sha256, bytes: (await stat(path)).size, path };
    }),
  );
}

export async function coordinationOf(parts: CoordinationParts): Promise<Coordination> {
  const { loaded, runId, peerId, stateBytes, tokenRequired, peers } = parts;
  const files = await dataFiles(loaded);
  return {
    facts: {
      runId,
      peerId,
      protocolVersion: PROTOCOL_VERSION,
      tokenRequired,
      stateBytes,
      files: files.map(({ sha256, bytes }) => ({ sha256, bytes })),
    },
    files,
    peers,
  };
}
