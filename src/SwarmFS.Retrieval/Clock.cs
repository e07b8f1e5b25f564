namespace SwarmFS.Retrieval;

/// <summary>Deadlines as timestamps of the process's <see cref="TimeProvider"/>, as <see cref="FetchRequest"/> carries them.</summary>
internal static class Clock
{
    extension(TimeProvider time)
    {
        /// <summary>The timestamp that lies this far in the future.</summary>
        public long TimestampIn(TimeSpan delay) => time.After(time.GetTimestamp(), delay);

        public long After(long timestamp, TimeSpan delay) => timestamp + (long)(delay.TotalSeconds * time.TimestampFrequency);

        /// <summary>What is left until a timestamp; never negative.</summary>
        public TimeSpan Until(long timestamp)
        {
            var left = timestamp - time.GetTimestamp();
            return left <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)left / time.TimestampFrequency);
        }

        public bool HasPassed(long timestamp) => time.GetTimestamp() >= timestamp;
    }
}
