import type { Booted } from '../cases/boot.ts'

const before = process.memoryUsage.rss()
const started = performance.now()
const { createKernel } = await import('@unisock/kernel')
const { HTTP_SERVER, http } = await import('@unisock/plugin-http')
const { REST_SERVER, rest } = await import('@unisock/plugin-rest')
const kernel = await createKernel({ plugins: [http(), rest()] })
await Promise.all(
  [HTTP_SERVER, REST_SERVER].map(async mode => {
    const fd = kernel.create(mode as typeof HTTP_SERVER, {})
    await kernel.bind(fd, 0)
    await kernel.listen(fd)
  }),
)
const booted: Booted = { time: performance.now() - started, rss: process.memoryUsage.rss(), before }
process.send!(booted)
