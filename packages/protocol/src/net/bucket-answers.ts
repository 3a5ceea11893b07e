/**
 * The receiver's side of a stream of buckets: a byte for each frame that it has dealt with. The stream shares its
 * connection with whatever else goes that way, large buckets among it, so it may have to wait its turn; answers that
 * wait are a number, not a queue, however long a peer leaves them unread.
 */
import type { MessageStream } from '@libp2p/interface';

type AnsweredStream = Pick<MessageStream, 'send' | 'status' | 'writableNeedsDrain' | 'addEventListener'>;

export class BucketAnswers {
  readonly #stream: AnsweredStream;
  #owed = 0;

  constructor(stream: AnsweredStream) {
    this.#stream = stream;
    stream.addEventListener('drain', () => this.#send());
  }

  /** One more frame is dealt with. */
  add(): void {
    this.#owed++;
    this.#send();
  }

  #send(): void {
    if (this.#owed === 0 || this.#stream.status !== 'open' || this.#stream.writableNeedsDrain) return;
    const answers = new Uint8Array(this.#owed).fill(1);
    this.#owed = 0;
    this.#stream.send(answers);
  }
}
