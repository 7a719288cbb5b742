using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Asyncore.Tests.Fuzz;

/// <summary>What has to hold, said without a test framework: programs ask for it, too.</summary>
internal static class Property
{
    public static void Holds(
        [DoesNotReturnIf(false)] bool holds, [CallerArgumentExpression(nameof(holds))] string what = "")
    {
        if (!holds)
        {
            throw new PropertyException(what);
        }
    }

    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new PropertyException($"{what}: expected\n{expected}\nand got\n{actual}");
        }
    }

    public static void EqualItems(IReadOnlyList<string> expected, IReadOnlyList<string> actual, string what)
    {
        if (!expected.SequenceEqual(actual))
        {
            throw new PropertyException($"{what}: expected\n{Shown(expected)}\nand got\n{Shown(actual)}");
        }

        static string Shown(IReadOnlyList<string> items) => $"{items.Count}: '{string.Join("', '", items)}'";
    }
}

/// <summary>Something does not hold.</summary>
internal sealed class PropertyException(string what) : Exception(what);
