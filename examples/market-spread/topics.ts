/**
 * Market spread from topic to topic, exactly once. Dead letters have a topic of their own.
 *
 *   npm run kafka                      (a broker to try it with; create the topics in it)
 *   millrace run topics.ts
 */
import { bind, deadLetters } from 'millrace'
import { kafka } from 'millrace/kafka'
import marketSpread, { orders, quotes, rejections } from './market-spread.ts'

export default bind(marketSpread, [
  quotes.from(kafka({ topic: 'quotes' })),
  orders.from(kafka({ topic: 'orders' })),
  rejections.to(kafka({ topic: 'rejections', compression: 'gzip' })),
  deadLetters.to(kafka({ topic: 'market-spread-dead-letters' })),
])
