import { createKernel } from '@unisock/kernel'
import { WEBSOCKET_SERVER, ws } from '@unisock/plugin-ws'
import { serving } from './report.ts'

const kernel = await createKernel({ plugins: [ws()] })
const server = kernel.create(WEBSOCKET_SERVER, (fd, { data }) => {
  kernel.write(fd, data)
})
const { port } = await kernel.bind(server, 0)
await kernel.listen(server)
serving(port)
