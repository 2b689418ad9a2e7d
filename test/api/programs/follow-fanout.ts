import { entity, json, pipeline, sink, source } from 'millrace'

type Follow = { kind: 'follow' | 'unfollow'; follower: string; followee: string }
type Post = { author: string; id: string; text: string }

export const follows = source(
  'follows',
  json((raw) => raw as Follow),
)
export const posts = source(
  'posts',
  json((raw) => raw as Post),
)
export const pushes = sink(
  'pushes',
  json((raw) => raw as { to: string; text: string }),
  { key: (push) => push.to },
)
export const abuse = sink(
  'abuse',
  json((raw) => raw as { user: string; follows: number }),
)

export const Author = entity('author', {
  state: () => ({ followers: new Set<string>() }),
  on: {
    follow(author, { kind, follower }: Follow) {
      if (kind === 'unfollow') author.followers.delete(follower)
      else author.followers.add(follower)
      if (kind === 'follow')
        return { to: author.followers.size === 1 ? 'first' : 'more', text: `${follower} follows you` }
    },
    post(author, post: Post, ctx) {
      for (const follower of author.followers) ctx.send(Feed.add, follower, post)
    },
  },
})

export const Feed = entity('feed', {
  state: (): { posts: Post[] } => ({ posts: [] }),
  on: {
    add(feed, post: Post) {
      feed.posts = [post, ...feed.posts].slice(0, 100)
    },
    read: (feed) => feed.posts,
  },
})

export const Follower = entity('follower', {
  state: () => ({ follows: 0 }),
  on: {
    follow(follower, _: Follow, { key }) {
      follower.follows += 1
      if (follower.follows > 1_000) return { user: key, follows: follower.follows }
    },
  },
})

export default pipeline('follow-fanout', ({ from, use }) => {
  use(Feed)
  from(follows)
    .keyBy((follow) => follow.followee)
    .to(Author.follow)
    .into(pushes)
  from(follows)
    .keyBy((follow) => follow.follower)
    .to(Follower.follow)
    .into(abuse)
  from(posts)
    .keyBy((post) => post.author)
    .to(Author.post)
})
