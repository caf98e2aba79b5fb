/** Labels and their scores, the best first. */
export interface Ranked {
  readonly labels: number[];
  readonly scores: number[];
}

/**
 * The best `most` labels in the order in which fastText has them: a heap with the lowest score on top, pushed and
 * popped as the standard library of GNU does it, since that decides between equal scores.
 */
export class LabelHeap {
  readonly #most: number;
  readonly #labels: number[] = [];
  readonly #scores: number[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get full(): boolean {
    return this.#scores.length === this.#most;
  }

  /** The lowest score in a heap that is not empty. */
  get lowest(): number {
    return this.#scores[0];
  }

  push(label: number, score: number): void {
    this.#labels.push(label);
    this.#scores.push(score);
    this.#rise(this.#scores.length - 1, label, score);
    if (this.#scores.length > this.#most) {
      this.#pop(this.#scores.length);
      this.#labels.pop();
      this.#scores.pop();
    }
  }

  /** Ends the heap: its labels from the best to the worst. */
  ranked(): Ranked {
    for (let length = this.#scores.length; length > 1; length--) this.#pop(length);
    return { labels: this.#labels, scores: this.#scores };
  }

  #set(at: number, label: number, score: number): void {
    this.#labels[at] = label;
    this.#scores[at] = score;
  }

  #rise(from: number, label: number, score: number): void {
    let hole = from;
    for (let parent = (hole - 1) >> 1; hole > 0 && this.#scores[parent] > score; parent = (hole - 1) >> 1) {
      this.#set(hole, this.#labels[parent], this.#scores[parent]);
      hole = parent;
    }
    this.#set(hole, label, score);
  }

  /** Moves the top of the first `length` behind the others. */
  #pop(length: number): void {
    const last = length - 1;
    const [label, score] = [this.#labels[last], this.#scores[last]];
    this.#set(last, this.#labels[0], this.#scores[0]);
    let hole = 0;
    let child = 0;
    while (child < (last - 1) >> 1) {
      child = 2 * (child + 1);
      if (this.#scores[child] > this.#scores[child - 1]) child--;
      this.#set(hole, this.#labels[child], this.#scores[child]);
      hole = child;
    }
    if (last % 2 === 0 && last > 0 && child === (last - 2) >> 1) {
      child = 2 * child + 1;
      this.#set(hole, this.#labels[child], this.#scores[child]);
      hole = child;
    }
    if (last > 0) this.#rise(hole, label, score);
  }
}
