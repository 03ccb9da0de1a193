import { createKernel } from '@unisock/kernel'
import { CACHE_ENABLE, HTTP_SERVER, http } from '@unisock/plugin-http'
import { serving } from './report.ts'

const kernel = await createKernel({ plugins: [http()] })
let asked = 0
const server = kernel.create(HTTP_SERVER, fd => {
  if (++asked > 1) throw new Error('a hit has reached the owner')
  kernel.write(fd, { headers: { 'cache-control': 'max-age=3600' }, body: 'hello' })
})
await kernel.setOption(server, CACHE_ENABLE, true)
const { port } = await kernel.bind(server, 0)
await kernel.listen(server)
await fetch(`http://127.0.0.1:${port}/`).then(response => response.text())
serving(port)
