using System.Globalization;
using Asyncore.Forwarding;
using Xunit;

namespace Asyncore.Tests.Forwarding;

public class QuantityTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("250ms", 250)]
    [InlineData("1.5s", 1500)]
    [InlineData("0.25s", 250)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("1.5d", 129_600_000)]
    [InlineData("007s", 7000)]
    [InlineData("1.50s", 1500)]
    [InlineData("0.0001ms", 0.0001)]
    public void A_duration(string text, double milliseconds)
    {
        Assert.True(Quantity.TryParseDuration(text, out TimeSpan duration));
        Assert.Equal(new TimeSpan((long)Math.Round(milliseconds * TimeSpan.TicksPerMillisecond)), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("0.0")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("+1s")]
    [InlineData("1,5s")]
    [InlineData("1.s")]
    [InlineData(".5s")]
    [InlineData("1.2.3s")]
    [InlineData("1 s")]
    [InlineData(" 1s")]
    [InlineData("1s ")]
    [InlineData("1S")]
    [InlineData("1M")]
    [InlineData("1sec")]
    [InlineData("1h30m")]
    [InlineData("1e3s")]
    [InlineData("0.00001ms")] // less than 100 ns
    [InlineData("١s")]
    [InlineData("10675200d")]
    [InlineData("9999999999999999999999999999d")]
    [InlineData("99999999999999999999999999999d")]
    [InlineData("0.000000000000000000000000000001s")]
    public void No_duration(string text)
    {
        Assert.False(Quantity.TryParseDuration(text, out TimeSpan duration));
        Assert.Equal(TimeSpan.Zero, duration);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1234", 1234)]
    [InlineData("100B", 100)]
    [InlineData("64KB", 64_000)]
    [InlineData("64KiB", 65_536)]
    [InlineData("1.5MB", 1_500_000)]
    [InlineData("1.5MiB", 1_572_864)]
    [InlineData("2GB", 2_000_000_000)]
    [InlineData("2GiB", 2_147_483_648)]
    [InlineData("3TB", 3_000_000_000_000)]
    [InlineData("3TiB", 3_298_534_883_328)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void A_size(string text, long bytes)
    {
        Assert.True(Quantity.TryParseBytes(text, out long parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("B")]
    [InlineData("1.5")]
    [InlineData("1.5B")]
    [InlineData("0.3KiB")]
    [InlineData("64kb")]
    [InlineData("64K")]
    [InlineData("1Mb")]
    [InlineData("1 KB")]
    [InlineData("-1")]
    [InlineData("1KB/s")]
    [InlineData("9223372036854775808")]
    [InlineData("8388608TiB")]
    [InlineData("9999999999999999999999999999TiB")]
    public void No_size(string text)
    {
        Assert.False(Quantity.TryParseBytes(text, out long bytes));
        Assert.Equal(0, bytes);
    }

    [Theory]
    [InlineData("1MB/s", 1_000_000)]
    [InlineData("500KiB/s", 512_000)]
    [InlineData("100/s", 100)]
    [InlineData("0B/s", 0)]
    public void A_rate(string text, long bytes)
    {
        Assert.True(Quantity.TryParseRate(text, out long parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/s")]
    [InlineData("1MB")]
    [InlineData("1MBps")]
    [InlineData("1MB/m")]
    [InlineData("1MB/s/s")]
    [InlineData("1.5B/s")]
    public void No_rate(string text)
    {
        Assert.False(Quantity.TryParseRate(text, out long bytes));
        Assert.Equal(0, bytes);
    }

    [Theory]
    [InlineData("0s", "0")]
    [InlineData("0.0001ms", "0.0001ms")]
    [InlineData("250ms", "250ms")]
    [InlineData("1500ms", "1.5s")]
    [InlineData("1.0001s", "1.0001s")]
    [InlineData("30s", "30s")]
    [InlineData("60s", "1m")]
    [InlineData("90s", "90s")]
    [InlineData("3600s", "1h")]
    [InlineData("90m", "90m")]
    [InlineData("36h", "36h")]
    [InlineData("48h", "2d")]
    [InlineData("922337203685.4775807s", "922337203685.4775807s")]
    public void A_duration_is_written(string text, string written)
    {
        Assert.True(Quantity.TryParseDuration(text, out TimeSpan duration));
        Assert.Equal(written, Quantity.FormatDuration(duration));
        Assert.True(Quantity.TryParseDuration(written, out TimeSpan again));
        Assert.Equal(duration, again);
    }

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(1, "1B")]
    [InlineData(999, "999B")]
    [InlineData(1000, "1KB")]
    [InlineData(1024, "1KiB")]
    [InlineData(1234, "1234B")]
    [InlineData(64_000, "64KB")]
    [InlineData(65_536, "64KiB")]
    [InlineData(1_024_000, "1024KB")]
    [InlineData(1_500_000, "1.5MB")]
    [InlineData(1_572_864, "1.5MiB")]
    [InlineData(3_298_534_883_328, "3TiB")]
    [InlineData(long.MaxValue, "9223372036854775807B")]
    public void A_size_and_a_rate_are_written(long bytes, string written)
    {
        Assert.Equal(written, Quantity.FormatBytes(bytes));
        Assert.Equal(written + "/s", Quantity.FormatRate(bytes));
        Assert.True(Quantity.TryParseBytes(written, out long again));
        Assert.Equal(bytes, again);
    }

    [Fact]
    public void Whatever_is_written_is_read_as_it_was()
    {
        var random = new Random(1);
        for (int i = 0; i < 10_000; i++)
        {
            long value = random.NextInt64() >> random.Next(63);
            value -= value % (long)Math.Pow(10, random.Next(10));
            Assert.True(Quantity.TryParseDuration(Quantity.FormatDuration(new TimeSpan(value)), out TimeSpan duration));
            Assert.Equal(value, duration.Ticks);
            Assert.True(Quantity.TryParseRate(Quantity.FormatRate(value), out long rate));
            Assert.Equal(value, rate);
        }
    }

    [Fact]
    public void Nothing_below_zero_is_written()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Quantity.FormatDuration(TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Quantity.FormatBytes(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Quantity.FormatRate(-1));
    }

    [Fact]
    public void The_culture_makes_no_difference()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        commas.NumberFormat.NumberDecimalSeparator = ",";
        try
        {
            CultureInfo.CurrentCulture = commas;
            Assert.True(Quantity.TryParseDuration("1.5s", out TimeSpan duration));
            Assert.Equal("1.5s", Quantity.FormatDuration(duration));
            Assert.False(Quantity.TryParseDuration("1,5s", out _));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
