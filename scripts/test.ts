/**
 * Runs every test and ends with a line that counts them: `N passed, N failed`, with `, N skipped` where any were.
 * Arguments go to vitest. Fails when anything failed, or when nothing ran.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { name: string; status: string; assertionResults: unknown[] }[]
}

const folder = await mkdtemp(join(tmpdir(), 'unisock-test-'))
const file = join(folder, 'report.json')
const vitest = spawn(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...process.argv.slice(2).filter(argument => argument !== '--'),
  ],
  {
    stdio: 'inherit',
    // The tests start workers by the hundred: each source is compiled once for all of them.
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'cache') },
  },
)
const [code] = await once(vitest, 'exit')
const report = await readFile(file, 'utf8').then(
  text => JSON.parse(text) as Report,
  () => undefined,
)
await rm(folder, { recursive: true })

const passed = report?.numPassedTests ?? 0
// A file that cannot be loaded has no tests to count, and is a failure all the same.
const unloaded = report?.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
)
const failed = (report?.numFailedTests ?? 0) + (unloaded?.length ?? 0)
const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0)
const fine = code === 0 && failed === 0 && passed > 0
if (!fine && failed === 0) console.error(passed === 0 ? 'no test ran' : `the test runner ended with ${code}`)
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(fine ? 0 : 1)
