import { createKernel } from '@unisock/kernel'
import { createHydrogenServer, type HydrogenCommand, ws } from '@unisock/plugin-ws'
import { payload } from '../dialects/dialect.ts'
import { ATTRIBUTES, KEY, TOPIC } from '../dialects/hydrogen.ts'
import { serving, work } from './report.ts'

const kernel = await createKernel({ plugins: [process.argv[2] === 'keeper' ? ws({ keeper: {} }) : ws()] })
const server = await createHydrogenServer(kernel, {
  at: 0,
  keys: [{ key: KEY, user: 'bench' }],
  handlers: { bench: run },
})
serving((server.address as { port: number }).port)

async function run({ action, data }: HydrogenCommand): Promise<unknown> {
  if (action === 'echo') return data
  if (action === 'block') return work(5_000_000)
  await server.publish(TOPIC, payload(), { attributes: ATTRIBUTES })
}
