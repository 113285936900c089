#!/usr/bin/env python3
"""Makes ratings that nobody gave: readers with tastes, books with genres, loans in order of time.

Each reader likes two of the genres and reads mostly books of them, popular ones first, and tends to
go on with the series of the last book. Ratings are high within a taste and lower outside. The same
arguments give the same bytes.

    tools/make_ratings.py --users 60 --items 48 --ratings 900 -o loans.csv --books books.csv
"""

import argparse
import bisect
import csv
import random

GENRES = ["crime", "romance", "travel", "science", "history", "fantasy", "cooking", "poetry",
          "sailing", "gardens", "chess", "music"]
FIRST = ["Silent", "Crooked", "Amber", "Second", "Hollow", "Northern", "Paper", "Distant", "Late",
         "Broken", "Quiet", "Winter"]
THINGS = {
    "crime": ["Alibi", "Cellar", "Witness"], "romance": ["Letter", "Summer", "Promise"],
    "travel": ["Harbour", "Railway", "Desert"], "science": ["Particle", "Orbit", "Theorem"],
    "history": ["Empire", "Archive", "Siege"], "fantasy": ["Dragon", "Tower", "Spell"],
    "cooking": ["Kitchen", "Oven", "Table"], "poetry": ["Verse", "Lantern", "River"],
    "sailing": ["Anchor", "Gale", "Lagoon"], "gardens": ["Orchard", "Hedge", "Meadow"],
    "chess": ["Gambit", "Endgame", "Bishop"], "music": ["Fugue", "Organ", "Overture"],
}
SERIES = 4  # books that follow each other


def books(num_items, draw):
    rows = []
    for i in range(num_items):
        genre = GENRES[i // SERIES % len(GENRES)]
        if i % SERIES == 0:
            name = f"The {draw.choice(FIRST)} {draw.choice(THINGS[genre])}"
        other = draw.choice(GENRES)
        rows.append({"book": f"b{i + 1}", "title": f"{name}, part {i % SERIES + 1}",
                     "genres": genre if other == genre else f"{genre} {other}"})
    return rows


def loans(num_users, items, num_ratings, draw):
    by_genre = {genre: [] for genre in GENRES}
    for i, row in enumerate(items):
        by_genre[row["genres"].split()[0]].append(i)
    # Popularity falls as 1 / (place + 5), in a shuffled order.
    sums = {}
    for genre, members in by_genre.items():
        draw.shuffle(members)
        total, sums[genre] = 0.0, []
        for place in range(len(members)):
            total += 1.0 / (place + 5)
            sums[genre].append(total)
    genres = [genre for genre in GENRES if by_genre[genre]]
    tastes = [draw.sample(genres, min(2, len(genres))) for _ in range(num_users)]
    has = [set() for _ in range(num_users)]
    last = [None] * num_users
    day = 0
    made = 0
    while made < num_ratings:
        user = draw.randrange(num_users)
        follows = last[user] is not None and draw.random() < 0.4
        if follows and (last[user] + 1) % SERIES != 0 and last[user] + 1 < len(items):
            item = last[user] + 1
        else:
            genre = draw.choice(tastes[user] if draw.random() < 0.85 else genres)
            at = bisect.bisect(sums[genre], draw.random() * sums[genre][-1])
            item = by_genre[genre][min(at, len(by_genre[genre]) - 1)]
        day += 1
        if item in has[user]:
            last[user] = None
            if len(has[user]) * 2 > len(items):  # nothing new is left to be found soon
                has[user].clear()
            continue
        has[user].add(item)
        last[user] = item
        fits = items[item]["genres"].split()[0] in tastes[user]
        stars = min(5, max(1, round(draw.gauss(4.3 if fits else 2.6, 0.8))))
        made += 1
        yield {"reader": f"r{user + 1}", "book": items[item]["book"], "stars": stars, "day": day}


def write(path, rows, fields):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--users", type=int, default=60)
    parser.add_argument("--items", type=int, default=48)
    parser.add_argument("--ratings", type=int, default=900)
    parser.add_argument("--unread", type=int, default=2, help="books that nobody has read")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--books", help="file for the books")
    args = parser.parse_args()
    draw = random.Random(args.seed)
    items = books(args.items + args.unread, draw)
    rows = loans(args.users, items[:args.items], args.ratings, draw)
    write(args.output, rows, ["reader", "book", "stars", "day"])
    if args.books:
        write(args.books, items, ["book", "title", "genres"])


if __name__ == "__main__":
    main()
