import { createKernel } from '@unisock/kernel'
import { HTTP_BODY_STREAM, HTTP_MAX_BODY_SIZE, HTTP_SERVER, http } from '@unisock/plugin-http'
import { serving } from './report.ts'

const kernel = await createKernel({ plugins: [http()] })
const server = kernel.create(HTTP_SERVER, async (fd, request) => {
  let size = 0
  for await (const chunk of request.body as AsyncIterable<Buffer>) size += chunk.length
  kernel.write(fd, String(size))
})
void kernel.setOption(server, HTTP_BODY_STREAM, true)
void kernel.setOption(server, HTTP_MAX_BODY_SIZE, 2 ** 31)
const { port } = await kernel.bind(server, 0)
await kernel.listen(server)
serving(port)
