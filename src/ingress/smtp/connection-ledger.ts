/** Connections open at the moment, in all and per client, over all listeners of one ingress. */
export class ConnectionLedger {
  private readonly totalMax: number
  private readonly perClientMax: number
  private readonly byClient = new Map<string, number>()
  private open = 0

  constructor(limits: { readonly connectionsMax: number; readonly connectionsPerClientMax: number }) {
    this.totalMax = limits.connectionsMax
    this.perClientMax = limits.connectionsPerClientMax
  }

  get total(): number {
    return this.open
  }

  /** Enters a connection and returns what takes it out again (any number of calls), or says which limit is reached. */
  enter(client: string, exempt: boolean): (() => void) | 'total-limit' | 'client-limit' {
    const ofClient = this.byClient.get(client) ?? 0
    if (this.open >= this.totalMax) return 'total-limit'
    if (!exempt && ofClient >= this.perClientMax) return 'client-limit'
    this.open++
    this.byClient.set(client, ofClient + 1)
    let entered = true
    return () => {
      if (!entered) return
      entered = false
      this.open--
      const left = (this.byClient.get(client) ?? 1) - 1
      if (left > 0) this.byClient.set(client, left)
      else this.byClient.delete(client)
    }
  }
}
