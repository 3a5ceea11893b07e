/** The run in a directory, as the server asks for it. */
import type { RunView } from './run-view.ts';

/** Null while nothing reads runs yet: the API then answers that the run is being opened. */
export const openRunView = (_directory: string): RunView | null => null;
