import { pipeline } from 'millrace'
import { Account } from './bank.ts'

export default pipeline('alone', ({ use }) => use(Account))
