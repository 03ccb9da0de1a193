import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const packages = fileURLToPath(new URL('../packages/', import.meta.url))

/** What each package's sources may import of the others. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  queue: [],
  jwt: [],
  kernel: ['@unisock/queue'],
  sockets: ['@unisock/queue'],
  'plugin-net': [
    '@unisock/kernel/plugin',
    '@unisock/sockets',
    '@unisock/sockets/engine',
    '@unisock/sockets/dial',
  ],
  'plugin-http': ['@unisock/kernel/plugin', '@unisock/sockets/engine', '@unisock/sockets/dial'],
  'plugin-rest': [
    '@unisock/jwt',
    '@unisock/kernel/plugin',
    '@unisock/plugin-http/core',
    '@unisock/plugin-http/core/worker',
    '@unisock/plugin-http/client',
    '@unisock/plugin-http/client/worker',
  ],
  'plugin-external': ['@unisock/kernel/plugin'],
  'plugin-mqtt': ['@unisock/kernel/plugin', '@unisock/sockets/engine', '@unisock/sockets/dial'],
  'plugin-ws': ['@unisock/jwt', '@unisock/kernel/plugin', '@unisock/sockets/engine', '@unisock/sockets/dial'],
}

async function importsOf(name: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  for await (const file of glob('src/**/*.ts', { cwd: `${packages}${name}` })) {
    const source = readFileSync(`${packages}${name}/${file}`, 'utf8')
    found.set(
      file,
      [...source.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(match => match[1]!),
    )
  }
  return found
}

test.each(Object.entries(ALLOWED))('%s imports only what lies below it', async (name, allowed) => {
  const strays: string[] = []
  for (const [file, imports] of await importsOf(name))
    for (const specifier of imports)
      if (specifier.startsWith('@unisock/') && !allowed.includes(specifier))
        strays.push(`${file} → ${specifier}`)
  expect(strays).toEqual([])
})

test('no package reaches into the files of another', async () => {
  const strays: string[] = []
  for (const name of Object.keys(ALLOWED))
    for (const [file, imports] of await importsOf(name))
      for (const specifier of imports)
        if (/^(\.\.\/)+plugin-|\/src\//.test(specifier)) strays.push(`${name}/${file} → ${specifier}`)
  expect(strays).toEqual([])
})

test('what the program loads of a plugin loads no protocol library', async () => {
  const heavy =
    /^(node:(https?|tls|zlib)|fastify|@fastify\/.*|ajv.*|ws|mqtt.*|aedes.*|classic-level|koffi|@unisock\/sockets.*)$/
  for (const name of [
    'plugin-net',
    'plugin-http',
    'plugin-rest',
    'plugin-ws',
    'plugin-mqtt',
    'plugin-external',
  ]) {
    const imports = await importsOf(name)
    const reached = new Set<string>()
    const visit = (file: string): void => {
      if (reached.has(file)) return
      reached.add(file)
      const source = readFileSync(`${packages}${name}/${file}`, 'utf8')
      for (const [, keyword, specifier] of source.matchAll(
        /^(import|export)(?! type)[^;]*?from '(\.[^']+)'/gms,
      ))
        if (keyword) visit(new URL(specifier!, `file:///${file}`).pathname.slice(1))
    }
    visit('src/index.ts')
    for (const file of reached) {
      const source = readFileSync(`${packages}${name}/${file}`, 'utf8')
      const loaded = [...source.matchAll(/^import (?!type)[^']*'([^']+)'/gm)].map(match => match[1]!)
      expect([name, file, loaded.filter(specifier => heavy.test(specifier))]).toEqual([name, file, []])
    }
    expect(imports.size).toBeGreaterThan(reached.size)
  }
})
