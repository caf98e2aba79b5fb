// Loaded before Sluice by nodes.ts: the clock of this process and its threads is wrong by WRONG_CLOCK_HOURS.
const wrong = Number(process.env.WRONG_CLOCK_HOURS) * 3_600_000;
const Right = Date;
class Wrong extends Right {
  constructor(...args) {
    if (args.length === 0) super(Right.now() + wrong);
    else super(...args);
  }
  static now() {
    return Right.now() + wrong;
  }
}
globalThis.Date = Wrong;
