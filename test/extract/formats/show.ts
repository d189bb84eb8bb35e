import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { extract } from '../../../src/extract/extract.ts'

/** `node test/extract/formats/show.ts FILE…`: what the extractor makes of a file, for a look by hand. */
for (const file of process.argv.slice(2)) {
  const started = performance.now()
  const result = await extract(
    { bytes: readFileSync(file), filename: basename(file), declaredType: null, as: 'upload' },
    { passwords: (process.env.SLUICE_PASSWORDS ?? '').split(',').filter(Boolean) },
  )
  console.log(`== ${file} ${Math.round(performance.now() - started)} ms`)
  for (const part of result.parts) {
    const text = result.texts.find((t) => t.part === part.id)
    console.log('-', part.path, part.sniffedType, part.size, part.via.join('>'), part.traits.join(','))
    if (text)
      console.log(
        Buffer.from(text.utf8)
          .toString('utf8')
          .slice(0, Number(process.env.CHARS ?? 600)),
      )
  }
  for (const said of result.uninspected) console.log('!', said.path, said.reason, said.detail)
  for (const label of result.labels) console.log('#', JSON.stringify(label))
}
