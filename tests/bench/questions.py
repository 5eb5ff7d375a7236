"""Twenty questions that a coordinator would type, and what should be among the first five answers.

Written down while reading the passages, before the search was tuned to anything. What is right is one passage: the file
it is from, and words that stand in it.
"""

import msgspec

NEEDED, AMONG = 18, 5


class Question(msgspec.Struct, frozen=True):
    """What is typed; the end of the right passage's path, and words of it."""

    typed: str
    path: str
    words: str


QUESTIONS = (
    Question("crowdfunding when the budget is tight", "2014-11-24-jumpstart", "rewards-based"),
    Question("where to start recruiting people for research", "methods.md", "where to start with recruiting"),
    Question("loss of life in house fires", "2015-07-24-free-the-data", "loss of life in house fires"),
    Question("get home safely after drinking", "2015-01-22-saferride", "drive after drinking"),
    Question("crowdsourcing for disaster response", "2014-12-22-how-six-agencies", "disaster response"),
    Question("defining the problem of water pollution", "2016-06-08-a-problem", "nutrients in water"),
    Question("know your own agency before partnering with another", "2016-03-04-picture-this", "Know your agency"),
    Question("creating spaces where employees think together", "2020-01-22-10-employee", "Create spaces"),
    Question("analyze data together without sharing it", "2020-05-05-dr-emily-shen", "allows parties to jointly"),
    Question("open police data and the risk to privacy", "2016-05-17-open-police", "granularity of geographic"),
    Question("cultural nuances when translating into Spanish", "2024-12-23-designing", "Cultural nuances"),
    Question("lessons of a content audit", "2016-12-05-five-lessons", "until we audit it"),
    Question("voters with disabilities voting independently", "2024-05-02-uswds", "voters with disabilities"),
    Question("showing appreciation to a colleague", "2020-02-20-areas-for-growth", "sharing appreciation"),
    Question("writing down architecture decisions", "2021-07-06-architecture", "Writing ADRs"),
    Question("fourth graders in national parks", "2016-07-06-illinois", "our fourth graders"),
    Question("catching child predators with a smartphone", "2015-05-28-ice-wields", "child predators"),
    Question("testing messages for organ donors", "2016-04-19-looking", "organ donors"),
    Question("brainstorm ideas silently on sticky notes", "thinking.md", "done silently"),
    Question("meteorologists stopping rumors on Twitter", "2014-02-26-noaa", "alleviate these rumors"),
)
