import { limits } from '../../core/limits.ts'
import type { Format } from '../format.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'

/** X.509 certificates in DER: names, addresses and other strings; keys and signatures are numbers. */
export const certificate: Format = {
  id: 'certificate',
  types: ['application/pkix-cert', 'application/x-x509-ca-cert'],
  extract: (input, context) => {
    const bytes = input.bytes.subarray(0, limits.extractCarveMaxBytes)
    if (bytes.length < input.bytes.length) context.uninspected('too-large', 'certificate')
    context.text([...carveLatin(bytes, 4), ...carveUtf16(bytes, 4, 'be')].join('\n'))
  },
}
