import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import openapiTypes, { astToString } from 'openapi-typescript'
import { expect, test } from 'vitest'
import { startRealm } from '../examples/realm/src/realm.ts'
import { REALM_CLIENT } from './support/realm-client.ts'
import { runNode } from './support/run.ts'
import { scratchFolder, TSC } from './support/workspace.ts'

const CLIENT_CONFIG = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'dom', 'dom.iterable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  },
  files: ['client.ts'],
}

test('the document is valid OpenAPI 3.1, as JSON and as YAML', async () => {
  await using realm = await startRealm()
  const document = (await (await fetch(`${realm.docs}/json`)).json()) as Record<string, unknown>
  const json = new Validator()
  expect(await json.validate(document)).toEqual({ valid: true })
  expect(json.version).toBe('3.1')
  const yaml = new Validator()
  expect(await yaml.validate(await (await fetch(`${realm.docs}/yaml`)).text())).toEqual({ valid: true })
  expect(yaml.specification).toEqual(document)
})

test('a client that is generated from the document compiles, refuses wrong calls, and works', {
  timeout: 60_000,
}, async () => {
  await using realm = await startRealm()
  await using folder = await scratchFolder('openapi')
  const inFolder = (name: string) => join(folder.path, name)
  const types = await openapiTypes(new URL(`${realm.docs}/json`))
  await writeFile(inFolder('realm.ts'), astToString(types))
  await writeFile(inFolder('client.ts'), REALM_CLIENT)
  await writeFile(inFolder('tsconfig.json'), JSON.stringify(CLIENT_CONFIG))
  expect(await runNode([TSC, '-p', folder.path])).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(await runNode([inFolder('client.ts'), realm.api, realm.password])).toEqual({
    code: 0,
    stdout: 'all as it should be\n',
    stderr: '',
  })
})
