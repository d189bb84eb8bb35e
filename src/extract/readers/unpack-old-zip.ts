import type { ExtractContext } from '../format.ts'
import { explode } from './explode.ts'
import { CeilingError, GrowingBuffer } from './growing-buffer.ts'
import { type Inflated, inflateCeiling } from './inflate.ts'
import { LsbBits } from './lsb-bits.ts'
import { unreduce } from './unreduce.ts'
import { unshrink } from './unshrink.ts'

const SHRINK = 1
const IMPLODE = 6

/**
 * The methods of zip files from before deflate: shrink (1), reduce (2 to 5) and implode (6). They end where the stated
 * size is reached. Never throws; stops at the ceiling of the budget and at its time.
 */
export function unpackOldZip(
  { method, flags, size }: { readonly method: number; readonly flags: number; readonly size: number },
  input: Uint8Array,
  context: ExtractContext,
): Inflated {
  const ceiling = inflateCeiling(context)
  if (size > ceiling) return { bytes: Buffer.alloc(0), consumed: 0, problem: 'too-large' }
  if (size === 0) return { bytes: Buffer.alloc(0), consumed: 0, problem: null }
  const bits = new LsbBits(input)
  const out = new GrowingBuffer(ceiling, context)
  let problem: Inflated['problem'] = null
  try {
    if (method === SHRINK) unshrink(bits, size, out)
    else if (method === IMPLODE) explode(bits, flags, size, out)
    else unreduce(bits, method - 1, size, out)
  } catch (thrown) {
    problem = thrown instanceof CeilingError ? 'too-large' : 'corrupt'
  }
  const bytes = out.bytes()
  context.budget.inflate(bytes.length)
  return { bytes, consumed: bits.at, problem }
}
