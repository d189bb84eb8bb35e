import { decodeName } from './entry-name.ts'

/**
 * The name of a file in a RAR 3 or 4 archive. Where it is marked as Unicode it is UTF-8; or, behind a zero byte, a
 * packed form of UTF-16 that leans on the eight-bit name in front (as unrar documents in its sources). Folders
 * stand apart by `/` in what comes out. Never throws.
 */
export function rar4Name(raw: Buffer, isUnicode: boolean): string {
  return decoded(raw, isUnicode).replaceAll('\\', '/')
}

function decoded(raw: Buffer, isUnicode: boolean): string {
  const zero = raw.indexOf(0)
  if (!isUnicode) return decodeName(zero < 0 ? raw : raw.subarray(0, zero))
  return zero < 0 ? raw.toString('utf8') : unpacked(raw.subarray(0, zero), raw.subarray(zero + 1))
}

/** Two bits for each step, four steps to a byte of these: a low byte, with the common high byte, a whole unit, a run. */
function unpacked(plain: Buffer, packed: Buffer): string {
  const units: number[] = []
  const high = (packed[0] ?? 0) << 8
  let at = 1
  const next = () => packed[at++] ?? 0
  while (at < packed.length) {
    const steps = next()
    for (let shift = 6; shift >= 0 && at < packed.length; shift -= 2) {
      switch ((steps >> shift) & 3) {
        case 0:
          units.push(next())
          break
        case 1:
          units.push(next() | high)
          break
        case 2:
          units.push(next() | (next() << 8))
          break
        default:
          pushRun(units, plain, next(), high, next)
      }
    }
  }
  return String.fromCharCode(...units)
}

/** As many units out of the plain name; with the highest bit set they are moved by a byte that follows. */
function pushRun(units: number[], plain: Buffer, count: number, high: number, next: () => number): void {
  const isMoved = (count & 0x80) !== 0
  const by = isMoved ? next() : 0
  for (let left = (count & 0x7f) + 2; left > 0 && units.length < plain.length; left--) {
    const byte = plain[units.length] ?? 0
    units.push(isMoved ? ((byte + by) & 0xff) | high : byte)
  }
}
