/** The table of features names tests that there are. */
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { fileOf } from './support/workspace.ts'

const PAGE = 'docs/hydrogen-features.md'
const ROW = /^\| (\d+) \| (.+?) \| (.+) \|$/gm
const LINK = /\[(.+?)\]\(\.\.\/([^)]+\.test\.ts)\)/g

const rows = Array.from(
  (await readFile(fileOf(PAGE), 'utf8')).matchAll(ROW),
  ([, number, feature, cell]) => ({
    number: Number(number),
    feature: feature!,
    tests: Array.from(cell!.matchAll(LINK), ([, title, path]) => ({ title: title!, path: path! })),
    reason: cell!.replace(LINK, '').replaceAll('<br>', ''),
  }),
)

/** Titles in the file: what begins the arguments of `test`, or of what `test.each` and its like return. */
async function titlesIn(path: string): Promise<string[]> {
  const text = await readFile(fileOf(path), 'utf8')
  return Array.from(text.matchAll(/(?:\btest(?:\.concurrent)?|\))\(\s*'([^']+)',/g), ([, title]) => title!)
}

describe(PAGE, () => {
  test('has 67 features, each with a test or a reason', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 67 }, (_, i) => i + 1))
    expect(rows.filter(({ tests, reason }) => tests.length === 0 && reason === '')).toEqual([])
  })

  test.each(rows)('$number $feature', async ({ tests }) => {
    for (const { title, path } of tests) expect(await titlesIn(path), path).toContain(title)
  })
})
