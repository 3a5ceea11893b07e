/** The datasets of a job from the files of this machine and of the network (Node). */
import type { DataSpec } from '../job/data.ts';
import { readDataFile, type DataContext } from './data-file.ts';
import { openDatasetsWith, type JobDatasets } from './open.ts';

/** {@link openDatasetsWith} over files, within what `context` allows. @throws the errors of `errors.ts` */
export const openDatasets = (data: Pick<DataSpec, 'train' | 'eval'>, context: DataContext): Promise<JobDatasets> =>
  openDatasetsWith(data, (location, sha256) => readDataFile(location, sha256, context));
