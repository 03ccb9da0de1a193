/** What a page loads of the client, and what it asks of the page. */
import { execFile } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const entry = fileURLToPath(import.meta.resolve('@unisock/plugin-ws/client'))
const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** The bundler that comes with vitest. */
async function bundle(): Promise<{ code: string; imports: string[] }> {
  const require = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const { build } = await import(require.resolve('vite'))
  const [result] = await build({
    configFile: false,
    logLevel: 'error',
    root: join(entry, '..'),
    build: {
      write: false,
      target: 'es2022',
      lib: { entry, formats: ['es'] },
      rolldownOptions: { output: { minify: true } },
    },
  })
  const [{ code, imports, dynamicImports }, ...others] = result.output
  expect(others).toEqual([])
  return { code, imports: [...imports, ...dynamicImports] }
}

test('the client is under 8 KB, minified and compressed, and needs nothing else', async () => {
  const { code, imports } = await bundle()
  expect(imports).toEqual([])
  expect(code).not.toMatch(/\b(Buffer|process|require)\b|node:/)
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(8000)
})

test('the bundle runs as it is', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'unisock-client-'))
  const file = join(folder.path, 'client.mjs')
  await writeFile(file, (await bundle()).code)
  const { connect, HydrogenClientError } = await import(file)
  const client = connect('ws://127.0.0.1:9')
  await client.close()
  await expect(client.ready).rejects.toBeInstanceOf(HydrogenClientError)
})

test('the client compiles with the types of a browser and without those of Node', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'unisock-client-'))
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      lib: ['es2024', 'esnext.disposable', 'dom'],
      types: [],
      noEmit: true,
      composite: false,
      declaration: false,
      declarationMap: false,
      sourceMap: false,
      allowImportingTsExtensions: true,
    },
    files: [entry],
  }
  const path = join(folder.path, 'tsconfig.json')
  await writeFile(path, JSON.stringify(config))
  const tsc = promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', path])
  const { stdout } = await tsc.catch((error: { stdout: string }) => error)
  // Types that the client shares with the server bring files of the server along, which are Node's.
  const own = stdout.split('\n').filter(line => line.includes('src/hydrogen/client/'))
  expect(own).toEqual([])
})
