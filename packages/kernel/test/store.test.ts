/** Every store keeps the same contract. */
import { storeContract } from './store-contract.ts'
import { RIGS } from './store-rigs.ts'

for (const [over, start] of Object.entries(RIGS)) storeContract(over, start)
