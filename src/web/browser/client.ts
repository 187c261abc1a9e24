import type { Answer, Answered, Asked, Question } from './messages.ts';

type Waiting = {
  done: (answer: Answer) => void;
  failed: (error: Error) => void;
  progress: (answer: Answer) => void;
};

/** Asks the worker, which checks while the page stays alive. */
export class Checker {
  private readonly worker = new Worker('/verify/worker.js', { type: 'module' });
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor() {
    this.worker.addEventListener('message', ({ data: { id, answer } }: MessageEvent<Answered>) => {
      const asked = this.waiting.get(id);
      if (answer.kind === 'progress') asked?.progress(answer);
      else {
        this.waiting.delete(id);
        asked?.done(answer);
      }
    });
    this.worker.addEventListener('error', (event) => {
      for (const { failed } of this.waiting.values()) failed(new Error(event.message || 'worker'));
      this.waiting.clear();
    });
  }

  /** Rejects when the worker itself fails; what is checked never makes it. */
  ask(question: Question, progress: (answer: Answer) => void = () => undefined): Promise<Answer> {
    const id = ++this.last;
    return new Promise((done, failed) => {
      this.waiting.set(id, { done, failed, progress });
      this.worker.postMessage({
        id,
        now: Math.round(performance.timeOrigin + performance.now()),
        question,
      } satisfies Asked);
    });
  }
}
