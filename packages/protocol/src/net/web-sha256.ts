/** SHA-256 where no system library answers at once (`crypto.subtle` of a page makes its caller wait): the portable one. */
export { sha256 as fastSha256 } from '../core/digest.ts';
