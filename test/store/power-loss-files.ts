import { appendFile, truncate, unlink } from 'node:fs/promises'
import { nodeSegmentFiles, type SegmentFile, type SegmentFiles } from '../../src/store/blob-disk/segment-files.ts'

/**
 * A file system that can lose power: what wasn't synced is then cut off, in part or as a whole, or turns to garbage,
 * and files whose directory wasn't synced are gone.
 */
export class PowerLossFiles implements SegmentFiles {
  readonly #files = new Map<string, { written: number; synced: number; entrySynced: boolean }>()
  /** 0 to below 1, decides what is left of unsynced bytes. */
  readonly #random: () => number
  #off = false

  constructor(random: () => number) {
    this.#random = random
  }

  async create(path: string): Promise<SegmentFile> {
    const file = await nodeSegmentFiles.create(path)
    const state = { written: 0, synced: 0, entrySynced: false }
    this.#files.set(path, state)
    const write = async (buffers: readonly Buffer[], position: number): Promise<void> => {
      this.#requirePower()
      await file.write(buffers, position)
      const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
      state.written = Math.max(state.written, position + length)
    }
    return {
      write,
      writeDurably: async (buffers, position) => {
        // What lies before these bytes is not covered: if it wasn't synced, neither is anything after the gap.
        const gapless = state.synced === position
        await write(buffers, position)
        this.#requirePower()
        if (gapless) state.synced = state.written
      },
      sync: async () => {
        this.#requirePower()
        const { written } = state
        await file.sync()
        this.#requirePower()
        state.synced = Math.max(state.synced, written)
      },
      close: () => file.close(),
    }
  }

  async syncDirectory(dir: string): Promise<void> {
    this.#requirePower()
    for (const [path, state] of this.#files) if (path.startsWith(dir)) state.entrySynced = true
  }

  freeBytes(dir: string): Promise<number> {
    return nodeSegmentFiles.freeBytes(dir)
  }

  /** From now on everything fails. */
  switchOff(): void {
    this.#off = true
  }

  /** Leaves on disk what a machine would find after power came back. Call once nothing uses the files. */
  async applyLoss(): Promise<void> {
    for (const [path, { written, synced, entrySynced }] of this.#files) {
      if (!entrySynced) {
        await unlink(path).catch(() => undefined)
        continue
      }
      const kept = synced + Math.floor((written - synced) * this.#random())
      // A segment that compaction removed meanwhile is gone for good.
      const there = await truncate(path, kept).then(
        () => true,
        () => false,
      )
      if (!there || kept === written) continue
      const garbage = Buffer.alloc(Math.min(500, written - kept), 0xa5)
      await appendFile(path, garbage)
    }
  }

  #requirePower(): void {
    if (this.#off) throw Object.assign(new Error('EIO: the power is off'), { code: 'EIO', syscall: 'write' })
  }
}
