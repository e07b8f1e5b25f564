// Each test fills the machine with nodes and measures how soon something happens: two at once would measure one another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
