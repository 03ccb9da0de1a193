import { createKernel } from '@unisock/kernel'
import { HTTP_SERVER, HTTP2_ENABLE, http } from '@unisock/plugin-http'
import { serving } from './report.ts'

const kernel = await createKernel({ plugins: [http()] })
const server = kernel.create(HTTP_SERVER, fd => void kernel.write(fd, 'hello'))
void kernel.setOption(server, HTTP2_ENABLE, true)
const { port } = await kernel.bind(server, 0)
await kernel.listen(server)
serving(port)
