import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

test('everything type-checks, and what must be refused is refused', { timeout: 120_000 }, async () => {
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.check.json'], {
    cwd: root,
  }).catch(failure => failure)
  expect(stdout).toBe('')
})
