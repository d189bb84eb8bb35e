/**
 * Counts failed and undecided authentications per client network within a window, so that guessing from many
 * connections, or many addresses of one network, is bounded. An attempt counts from its start: parallel guesses can't
 * slip past the bound. Memory is bounded; the oldest network is forgotten first.
 */
export class AuthThrottle {
  private readonly failuresMax: number
  private readonly windowMs: number
  private readonly networksMax: number
  private readonly now: () => number
  private readonly counts = new Map<string, { count: number; since: number }>()

  constructor(options: {
    readonly failuresMax: number
    readonly windowMs: number
    readonly networksMax: number
    readonly now: () => number
  }) {
    this.failuresMax = options.failuresMax
    this.windowMs = options.windowMs
    this.networksMax = options.networksMax
    this.now = options.now
  }

  /** Begins an attempt; false when the network has to wait for its window to pass. */
  begin(network: string): boolean {
    const now = this.now()
    let entry = this.counts.get(network)
    if (entry === undefined || now - entry.since >= this.windowMs) {
      this.counts.delete(network)
      const oldest = this.counts.keys().next().value
      if (this.counts.size >= this.networksMax && oldest !== undefined) this.counts.delete(oldest)
      entry = { count: 0, since: now }
      this.counts.set(network, entry)
    }
    if (entry.count >= this.failuresMax) return false
    entry.count++
    return true
  }

  /** The attempt was right, or could not be judged: it does not count. */
  forgive(network: string): void {
    const entry = this.counts.get(network)
    if (entry !== undefined && entry.count > 0) entry.count--
  }
}
