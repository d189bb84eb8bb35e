import type { MessagePort } from 'node:worker_threads'
import { unreachable } from '../core/errors.ts'
import type { OpenSandbox, SandboxEnd, SandboxEvents, SandboxPipe } from './sandbox-process.ts'

/**
 * Sandboxes for a scan thread, started by the main thread: a process whose thread is ended would stay behind as a
 * zombie. Bytes go through as they come, nothing of them is looked at here. When the port closes, which the end of the
 * scan thread does, its sandbox is killed.
 */
type ToHost =
  | { readonly kind: 'open'; readonly id: number }
  | { readonly kind: 'write'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'kill'; readonly id: number }

type FromHost =
  | { readonly kind: 'chunk'; readonly id: number; readonly chunk: Uint8Array }
  | { readonly kind: 'ended'; readonly id: number; readonly end: SandboxEnd }

/** The main thread's end. Does not keep the event loop alive. */
export function hostSandboxes(port: MessagePort, open: OpenSandbox): void {
  const pipes = new Map<number, SandboxPipe>()
  const say = (message: FromHost, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)
  port.on('message', (message: ToHost) => {
    const { kind, id } = message
    switch (kind) {
      case 'open': {
        const events: SandboxEvents = {
          onChunk: (chunk) => {
            const own = Uint8Array.from(chunk)
            say({ kind: 'chunk', id, chunk: own }, [own.buffer])
          },
          onEnd: (end) => {
            pipes.delete(id)
            say({ kind: 'ended', id, end })
          },
        }
        pipes.set(id, open(events))
        break
      }
      case 'write':
        pipes.get(id)?.write(message.bytes)
        break
      case 'kill':
        pipes.get(id)?.kill()
        break
      default:
        unreachable(kind)
    }
  })
  port.on('close', () => {
    for (const pipe of pipes.values()) pipe.kill()
  })
  port.unref()
}

/** The scan thread's end. */
export function openThrough(port: MessagePort): OpenSandbox {
  const open = new Map<number, SandboxEvents>()
  let last = 0
  const say = (message: ToHost, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)
  port.on('message', (message: FromHost) => {
    const { kind, id } = message
    switch (kind) {
      case 'chunk': {
        const { buffer, byteOffset, length } = message.chunk
        open.get(id)?.onChunk(Buffer.from(buffer, byteOffset, length))
        break
      }
      case 'ended': {
        const events = open.get(id)
        open.delete(id)
        events?.onEnd(message.end)
        break
      }
      default:
        unreachable(kind)
    }
  })
  return (events) => {
    const id = ++last
    open.set(id, events)
    say({ kind: 'open', id })
    return {
      write: (bytes) => {
        // The message it is part of stays here.
        const own = Uint8Array.from(bytes)
        say({ kind: 'write', id, bytes: own }, [own.buffer])
      },
      kill: () => say({ kind: 'kill', id }),
    }
  }
}
