import { type GroupPlace, ProcessLinks } from '../../runtime/node/grpc/process-links.ts'

export interface HereListening {
  readonly links: ProcessLinks
  readonly place: GroupPlace
}

export async function listenHere(incarnation: string, places: ReadonlyMap<number, GroupPlace>): Promise<HereListening> {
  const links = await ProcessLinks.listen({
    identity: { application: 'bench', data: 'none', shardCount: 2, program: 'links', incarnation },
    host: '127.0.0.1',
    port: 0,
    placeOf: (group) => places.get(group),
    refused: (error) => {
      throw error
    },
  })
  return { links, place: { address: `127.0.0.1:${links.port}`, incarnation } }
}
