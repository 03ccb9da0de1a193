import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { PAGES } from '../scripts/docs.ts'

test.each(Object.entries(PAGES))('%s is what `node scripts/docs.ts` writes', async (path, page) => {
  expect(await readFile(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(page)
})
