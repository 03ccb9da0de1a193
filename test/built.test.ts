import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { BUILT_PROGRAM } from './support/built-program.ts'
import { runNode } from './support/run.ts'
import { fileOf, scratchFolder, TSC } from './support/workspace.ts'

/** TypeScript that slips in fails to load: everything must come from what was built. */
const FLAGS = ['--conditions=built', '--no-experimental-strip-types']

beforeAll(async () => {
  expect(await runNode([TSC, '-b'], { cwd: fileOf('.') })).toEqual({ code: 0, stdout: '', stderr: '' })
}, 120_000)

test.each(['thread', 'process', 'inline'])(
  'a program runs on the built packages, its workers as %s',
  async isolation => {
    await using folder = await scratchFolder('built')
    const program = join(folder.path, 'program.mjs')
    await writeFile(program, BUILT_PROGRAM)
    const { code, stdout, stderr } = await runNode([...FLAGS, program, isolation])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      answers: ['hello /there', '{"area":144,"unit":"m²"}'],
      packages: ['kernel', 'plugin-http', 'plugin-rest'].map(
        name => pathToFileURL(fileOf(`packages/${name}/dist/index.js`)).href,
      ),
    })
  },
)
