import { limits } from '../core/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { NextHopHealth } from '../ports/deliverer.ts'
import { hopName, type SmtpHop } from './routes.ts'
import { openConnection, type SmtpConnection, type SmtpTimeouts } from './smtp-connection.ts'
import { HopError } from './smtp-wire.ts'

/**
 * Kept connections to one next hop, and how it is doing. Never more than its maximum are open; who finds none free
 * waits in line up to a deadline. A kept connection that turns out dead before the final dot is replaced once by a
 * fresh one; after the final dot nothing is sent again.
 */
export interface HopPoolOptions {
  readonly hop: SmtpHop
  readonly ehloName: string
  readonly timeouts: SmtpTimeouts
  readonly clock: Clock
  readonly idleMs: number
  readonly messagesPerConnectionMax: number
}

interface Waiter {
  readonly grant: (connection: SmtpConnection | null) => void
  readonly refuse: (error: HopError) => void
}

export class HopPool {
  private readonly options: HopPoolOptions
  private readonly connectionsMax: number
  private readonly idle: { readonly connection: SmtpConnection; readonly timer: NodeJS.Timeout }[] = []
  /** Open or opening, in use or idle. */
  private open = 0
  private readonly waiters: Waiter[] = []
  private closed = false
  private lastProblem: string | null = null
  private lastProblemAt = -Infinity
  private lastSuccessAt: number | null = null

  constructor(options: HopPoolOptions) {
    this.options = options
    this.connectionsMax = options.hop.connectionsMax ?? limits.deliveryConnectionsPerHopMax
  }

  get name(): string {
    return hopName(this.options.hop)
  }

  /** Whether it failed a short while ago: siblings go first. */
  get paused(): boolean {
    return performance.now() - this.lastProblemAt < limits.deliveryHopPauseMs
  }

  health(): NextHopHealth {
    const { name, lastProblem, lastSuccessAt } = this
    return { nextHop: name, healthy: this.lastProblemAt === -Infinity, lastProblem, lastSuccessAt }
  }

  /**
   * Runs `work` on a connection. `work` throws HopError only while nothing can have been delivered: on a kept
   * connection it is then run once more on a fresh one. Throws that HopError when there is no second chance.
   */
  async use<T>(work: (connection: SmtpConnection) => Promise<T>, deadlineAt: number): Promise<T> {
    let connection = await this.acquire(deadlineAt)
    for (let fresh = connection.used === 0; ; fresh = true) {
      try {
        return await work(connection)
      } catch (thrown) {
        if (!(thrown instanceof HopError)) throw thrown
        if (fresh || this.closed) {
          this.failed(thrown.reply)
          throw thrown
        }
      } finally {
        this.release(connection)
      }
      connection = await this.acquire(deadlineAt, true)
    }
  }

  /** The server answered for a message, whatever it said. */
  succeeded(): void {
    this.lastSuccessAt = this.options.clock.now()
    this.lastProblemAt = -Infinity
    this.lastProblem = null
  }

  /** The server could not be talked to. */
  failed(problem: string): void {
    this.lastProblem = problem
    this.lastProblemAt = performance.now()
  }

  /** Idle connections say QUIT; those in use finish first. New sends are refused. */
  close(): void {
    this.closed = true
    for (const { connection, timer } of this.idle.splice(0)) {
      clearTimeout(timer)
      this.retire(connection)
    }
    for (const waiter of this.waiters.splice(0)) waiter.refuse(new HopError('4.3.2 the gateway is shutting down'))
  }

  private async acquire(deadlineAt: number, freshOnly = false): Promise<SmtpConnection> {
    if (this.closed) throw new HopError('4.3.2 the gateway is shutting down')
    const kept = freshOnly ? null : this.takeIdle()
    if (kept) return kept
    if (this.open >= this.connectionsMax) {
      const stale = this.takeIdle()
      if (stale) this.retire(stale)
      else {
        const granted = await this.wait(deadlineAt)
        return granted ?? this.openGranted()
      }
    }
    this.open++
    return this.openGranted()
  }

  /** Opens on a slot that is already counted, and gives it back when that fails. */
  private async openGranted(): Promise<SmtpConnection> {
    try {
      return await openConnection(this.options)
    } catch (thrown) {
      this.open--
      this.grantNext(null)
      if (thrown instanceof HopError) this.failed(thrown.reply)
      throw thrown
    }
  }

  private takeIdle(): SmtpConnection | null {
    const entry = this.idle.pop()
    if (!entry) return null
    clearTimeout(entry.timer)
    entry.connection.wire.onIdleTrouble = null
    return entry.connection
  }

  private wait(deadlineAt: number): Promise<SmtpConnection | null> {
    if (this.waiters.length >= limits.deliveryWaitersPerHopMax)
      throw new HopError('4.3.2 too many messages wait for this next hop')
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.waiters.splice(this.waiters.indexOf(waiter), 1)
          reject(new HopError('4.4.2 no connection to this next hop became free in time'))
        },
        Math.max(1, deadlineAt - performance.now()),
      )
      const waiter: Waiter = {
        grant: (connection) => {
          clearTimeout(timer)
          resolve(connection)
        },
        refuse: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
      this.waiters.push(waiter)
    })
  }

  private release(connection: SmtpConnection): void {
    const { wire } = connection
    if (wire.broken || wire.talking || this.closed || connection.used >= this.options.messagesPerConnectionMax) {
      this.retire(connection)
      this.grantNext(null)
    } else if (this.waiters.length > 0) this.grantNext(connection)
    else this.keep(connection)
  }

  private keep(connection: SmtpConnection): void {
    const drop = () => {
      const index = this.idle.indexOf(entry)
      if (index < 0) return
      this.idle.splice(index, 1)
      clearTimeout(entry.timer)
      this.retire(connection)
      this.grantNext(null)
    }
    const timer = setTimeout(drop, this.options.idleMs)
    timer.unref()
    const entry = { connection, timer }
    connection.wire.onIdleTrouble = drop
    this.idle.push(entry)
  }

  private retire(connection: SmtpConnection): void {
    this.open--
    connection.wire.finish(limits.deliveryQuitTimeoutMs)
  }

  /** Hands a connection, or (with null) the slot that has become free, to whoever waits longest. */
  private grantNext(connection: SmtpConnection | null): void {
    const waiter = this.waiters.shift()
    if (!waiter) return
    if (!connection) this.open++
    waiter.grant(connection)
  }
}
