/** What can be wrong with an ONNX file: its bytes, or what it asks for. */
import { KernelError } from '../errors.ts';

/** The file's bytes are no ONNX model, or one beyond the limits within which a stranger's file is read. */
export class OnnxFileError extends KernelError {
  readonly code = 'ONNX_FILE';
  /** Where in the file: `model.graph.node[3].attribute[0]`. */
  readonly place: string;

  constructor({ place, problem, mend, cause }: { place: string; problem: string; mend?: string; cause?: unknown }) {
    super({
      message: `The ONNX file can't be read at ${place}: ${problem}.`,
      mend: mend ?? 'Export the model again; the file is damaged or was not written by an ONNX exporter.',
      cause,
    });
    this.place = place;
  }
}

/** One reason why a well-formed model can't be trained here. */
export interface ImportIssue {
  /** `node 7 "/conv1/Conv"`, `input "image"`. */
  readonly place: string;
  /** ONNX operator, where one is at fault. */
  readonly op?: string;
  readonly problem: string;
}

/** Issues that a message shows; the error holds all. */
const SHOWN_ISSUES = 20;

const issueText = ({ place, op, problem }: ImportIssue): string =>
  `${op === undefined ? '' : `${op} at `}${place}: ${problem}`;

/** A model that was read whole, and holds what can't be imported. `issues` has every problem found, in the file's order. */
export class OnnxImportError extends KernelError {
  readonly code = 'ONNX_IMPORT';
  readonly issues: readonly ImportIssue[];

  constructor({ issues, mend }: { issues: readonly ImportIssue[]; mend: string }) {
    const shown = issues.slice(0, SHOWN_ISSUES).map((issue) => `\n  ${issueText(issue)}`);
    const hidden = issues.length - shown.length;
    super({
      message: `The ONNX model can't be imported:${shown.join('')}${hidden > 0 ? `\n  and ${hidden} more` : ''}\n`,
      mend,
    });
    this.issues = issues;
  }
}
