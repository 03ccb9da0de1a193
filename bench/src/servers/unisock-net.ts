import { createKernel } from '@unisock/kernel'
import { net, STREAM_BINARY } from '@unisock/plugin-net'
import { serving } from './report.ts'

const echo = process.argv[2] === 'echo'
const kernel = await createKernel({ plugins: [net()] })
const server = kernel.create(STREAM_BINARY, (fd, chunk) => {
  if (echo) kernel.write(fd, chunk)
})
const { port } = await kernel.bind(server, 0)
await kernel.listen(server)
serving(port)
