import { createKernel } from '@unisock/kernel'
import { HTTP_SERVER, http } from '@unisock/plugin-http'
import { serving, work } from './report.ts'

const kernel = await createKernel({ plugins: [http()] })
const server = kernel.create(HTTP_SERVER, fd => {
  work(20)
  kernel.write(fd, 'hello')
})
const { port } = await kernel.bind(server, 0)
await kernel.listen(server)
serving(port)
