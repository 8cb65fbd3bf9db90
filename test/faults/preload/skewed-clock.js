const RealDate = Date;
let skewMs = Number(process.env.FAULTS_SKEW_MS ?? 0);

/** Sets how far the clock of this process is ahead of the machine's. Its timers run on undisturbed, as real ones do. */
export const setSkew = (ms) => {
  skewMs = ms;
};

const now = () => RealDate.now() + skewMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});
