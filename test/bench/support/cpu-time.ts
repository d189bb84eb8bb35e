/**
 * Processor time of a process and all below it, in milliseconds, from Linux's /proc: what ended and was waited for
 * included. On a machine that does other things at the same time it says more than rates do.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks of /proc per second: the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const MS_PER_TICK = 1000 / TICKS_PER_SECOND

export function cpuTimeMs(root: number): number {
  const children = new Map<number, number[]>()
  const ticks = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(name) : null
    if (!stat) continue
    ticks.set(Number(name), stat.ticks)
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), Number(name)])
  }
  const sum = (pid: number): number =>
    (ticks.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0)
  return sum(root) * MS_PER_TICK
}

/** Null where the process ended meanwhile. See proc_pid_stat(5): fields 4 and 14 to 17. */
function statOf(pid: string): { readonly parent: number; readonly ticks: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0)
    return { parent: Number(fields[1]), ticks }
  } catch {
    return null
  }
}
