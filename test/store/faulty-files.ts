import { nodeSegmentFiles, type SegmentFile, type SegmentFiles } from '../../src/store/blob-disk/segment-files.ts'

/** The real file system, with failures at chosen moments and a record of what was asked of it. */
export class FaultyFiles implements SegmentFiles {
  /** Called before each operation; what it throws is the operation's failure. */
  before: (operation: Operation) => void = () => undefined
  /** Overrides what the file system says. */
  free: number | null = null
  readonly operations: Operation[] = []

  async create(path: string): Promise<SegmentFile> {
    this.#note({ kind: 'create', path })
    const file = await nodeSegmentFiles.create(path)
    const note = (operation: Operation): void => this.#note(operation)
    let failed = false
    const write = async (kind: 'write' | 'write-durably', buffers: readonly Buffer[], position: number) => {
      if (failed) throw new Error('written to after a failure')
      try {
        note({ kind, path, buffers, position })
      } catch (error) {
        failed = true
        // As the kernel does on a full disk: some of it arrives.
        const first = buffers[0]
        if (first) await file.write([first.subarray(0, first.length >> 1)], position)
        throw error
      }
      if (kind === 'write') await file.write(buffers, position)
      else await file.writeDurably(buffers, position)
    }
    return {
      write: (buffers, position) => write('write', buffers, position),
      writeDurably: (buffers, position) => write('write-durably', buffers, position),
      async sync() {
        if (failed) throw new Error('synced again after a failure')
        try {
          note({ kind: 'sync', path })
        } catch (error) {
          failed = true
          throw error
        }
        await file.sync()
      },
      close: () => file.close(),
    }
  }

  async syncDirectory(dir: string): Promise<void> {
    this.#note({ kind: 'sync-directory', path: dir })
    await nodeSegmentFiles.syncDirectory(dir)
  }

  async freeBytes(dir: string): Promise<number> {
    this.#note({ kind: 'free-bytes', path: dir })
    return this.free ?? nodeSegmentFiles.freeBytes(dir)
  }

  count(kind: Operation['kind']): number {
    return this.operations.filter((operation) => operation.kind === kind).length
  }

  #note(operation: Operation): void {
    this.operations.push(operation)
    this.before(operation)
  }
}

export interface Operation {
  readonly kind: 'create' | 'write' | 'write-durably' | 'sync' | 'sync-directory' | 'free-bytes'
  readonly path: string
  readonly buffers?: readonly Buffer[]
  readonly position?: number
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code, syscall: 'write' })
}
