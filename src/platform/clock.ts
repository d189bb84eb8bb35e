/** Time as the operating system tells it; shaped like the Clock port, so that the composition root can hand it out. */
export const systemClock: { now(): number } = { now: () => Date.now() }
