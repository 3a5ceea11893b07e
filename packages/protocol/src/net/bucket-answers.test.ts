/** Answers to frames on a stream that can't always take them. */
import type { MessageStream } from '@libp2p/interface';
import { expect, it } from 'vitest';
import { BucketAnswers } from './bucket-answers.ts';

class FakeStream extends EventTarget {
  status = 'open';
  writableNeedsDrain = false;
  readonly sent: number[] = [];
  send(bytes: Uint8Array): boolean {
    this.sent.push(bytes.length);
    return true;
  }
  drain(): void {
    this.writableNeedsDrain = false;
    this.dispatchEvent(new Event('drain'));
  }
}

const answersOn = (stream: FakeStream): BucketAnswers => new BucketAnswers(stream as unknown as MessageStream);

it('answers each frame at once while the stream takes bytes', () => {
  const stream = new FakeStream();
  const answers = answersOn(stream);
  answers.add();
  answers.add();
  expect(stream.sent).toEqual([1, 1]);
});

it('waits while buckets fill the connection the other way, and then answers all frames since', () => {
  const stream = new FakeStream();
  const answers = answersOn(stream);
  stream.writableNeedsDrain = true;
  answers.add();
  answers.add();
  answers.add();
  expect(stream.sent).toEqual([]);
  stream.drain();
  expect(stream.sent).toEqual([3]);
  stream.drain();
  expect(stream.sent).toEqual([3]);
});

it('says nothing more on a stream that has closed', () => {
  const stream = new FakeStream();
  const answers = answersOn(stream);
  stream.status = 'closed';
  answers.add();
  stream.drain();
  expect(stream.sent).toEqual([]);
});
