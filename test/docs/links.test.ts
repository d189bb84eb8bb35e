import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, markdownFiles, read, root } from './markdown.ts'

describe('links between pages', () => {
  it.each(markdownFiles())('%s', (file) => {
    const broken: string[] = []
    const prose = read(file).replace(/^```[\s\S]*?^```/gm, '')
    for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(?:https?|mailto):/.test(target)) continue
      const [path = '', anchor] = target.split('#')
      const to = path === '' ? file : join(dirname(file), path)
      if (!existsSync(join(root, to))) broken.push(target)
      else if (anchor !== undefined && !anchorsOf(read(to)).has(anchor)) broken.push(`${target}: no such heading`)
    }
    expect(broken).toEqual([])
  })

  it('finds the pages, and would notice a broken link', () => {
    expect(markdownFiles()).toContain('README.md')
    expect(markdownFiles()).toContain('docs/administrator.md')
    expect([...anchorsOf('# A, b `c`!\n```\n# no\n```\n## D e')]).toEqual(['a-b-c', 'd-e'])
  })
})
