import { createKernel } from '@unisock/kernel'
import { HTTP_SERVER, HTTP_UPLOAD, http } from '@unisock/plugin-http'
import { serving } from './report.ts'

const dir = process.argv[2]!
const kernel = await createKernel({ plugins: [http()] })
const server = kernel.create(HTTP_SERVER, (fd, request) => {
  kernel.write(fd, String(request.files[0]!.size))
})
void kernel.setOption(server, HTTP_UPLOAD, { dir, limits: { total: 2 ** 31 } })
const { port } = await kernel.bind(server, 0)
await kernel.listen(server)
serving(port)
